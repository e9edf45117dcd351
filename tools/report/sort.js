// Tables can be sorted by a click on a column's head; without scripts they are as they are.
document.querySelectorAll('table.sortable').forEach(function (table) {
	var heads = table.tHead.rows[0].cells;
	var value = function (row, column) {
		var cell = row.cells[column];
		var number = cell.getAttribute('data-value');
		return number === null ? cell.textContent : Number(number);
	};
	var sort = function (column, direction) {
		var rows = Array.from(table.tBodies[0].rows);
		rows.sort(function (a, b) {
			var left = value(a, column), right = value(b, column);
			var order = typeof left === 'number' ? left - right : left.localeCompare(right);
			return direction * order;
		});
		rows.forEach(function (row) { table.tBodies[0].appendChild(row); });
	};
	Array.from(heads).forEach(function (head, column) {
		var button = document.createElement('button');
		button.textContent = head.textContent;
		head.textContent = '';
		head.appendChild(button);
		button.addEventListener('click', function () {
			var direction = head.getAttribute('aria-sort') === 'ascending' ? -1 : 1;
			Array.from(heads).forEach(function (other) { other.removeAttribute('aria-sort'); });
			head.setAttribute('aria-sort', direction === 1 ? 'ascending' : 'descending');
			sort(column, direction);
		});
	});
});
