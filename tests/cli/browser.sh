#!/bin/sh
# SPDX-License-Identifier: MIT
# browser.sh MSIRACE FOLDER: the report in headless Chromium: no error in its console, the pictures laid out, the tables made
# sortable by its script, and nothing asked of the network.
. "$2/suite.sh"
cd "$2/../data/plot" || exit 1
command -v chromium >/dev/null || {
	echo "SKIPPED: chromium is not installed, the report was not opened in a browser"
	exit 77
}
"$msirace" report sweep.json leak.json witness.json trace.json -o "$work/report.html" || fail "report"
pictures=$(grep -c "^<svg" "$work/report.html")
# The profile is new, the network is nowhere.
timeout 200 chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking \
	--disable-component-update --disable-sync --disable-dev-shm-usage --user-data-dir="$work/profile" \
	--enable-logging=stderr --log-level=0 --dump-dom "file://$work/report.html" >"$work/dom" 2>"$work/log" ||
	fail "chromium: $(tail -n 3 "$work/log")"
grep "CONSOLE" "$work/log" && fail "messages in the console"
[ "$(grep -c "<svg" "$work/dom")" -eq "$pictures" ] || fail "not all of $pictures pictures are there"
grep -q "<th[^>]*><button>strategy</button></th>" "$work/dom" || fail "the script did not run"
grep -q "Content-Security-Policy" "$work/dom" || fail "no policy"
# The same page with a second script: the policy lets only the page's own run.
sed "s|</body>|<script>document.title = 'foreign'</script></body>|" "$work/report.html" >"$work/foreign.html"
timeout 200 chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking \
	--disable-component-update --disable-sync --disable-dev-shm-usage --user-data-dir="$work/profile" \
	--enable-logging=stderr --log-level=0 --dump-dom "file://$work/foreign.html" >"$work/dom" 2>"$work/log"
grep -q "<title>foreign</title>" "$work/dom" && fail "a foreign script ran"
grep -q "CONSOLE.*Content Security Policy" "$work/log" || fail "the console does not tell of the foreign script: the test sees no console"
exit $failed
