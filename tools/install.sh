# Makes the environment $1 and installs mynacard into it: ".venv" as a user has it, any other with what checks it.
# LOCKED names a folder of packages with their hashes (tools/lock.sh): then only those are installed.
# Does nothing when nothing has changed since: not the sources, not the Python, not the place (environments cannot move).
set -eu
venv=$1
python=$(sh tools/python.sh venv) || {
    echo "mynacard needs Python 3.11 or later with venv (on Debian and Ubuntu: apt install python3-venv), or PYTHON=…" >&2
    exit 1
}

interpreter() {
    ls "$venv/bin/python" "$venv/Scripts/python" 2>/dev/null | head -n 1
}
# An environment with the sources in place is not made anew for a text: only the catalogue is compiled.
compile() {
    for po in src/mynacard/locale/*/LC_MESSAGES/*.po; do
        mo=${po%.po}.mo
        if [ "$venv" != .venv ] && { [ ! -f "$mo" ] || [ -n "$(find "$po" -newer "$mo")" ]; }; then
            "$(interpreter)" -m babel.messages.frontend --quiet compile --input-file "$po" --output-file "$mo"
        fi
    done
}

state() {
    pwd
    echo "$python" "${LOCKED:-}"
    cksum pyproject.toml tools/install.sh
    ls /usr/include/PCSC/winscard.h 2>/dev/null || true  # with it, pyscard can be compiled
    if [ "$venv" = .venv ]; then
        find src -type f ! -name '*.pyc' ! -name '*.mo' -exec cksum {} + | sort
    fi
}
state=$(state)
if [ -f "$venv/.installed" ] && [ "$state" = "$(cat "$venv/.installed")" ]; then
    compile
    exit 0
fi

echo "Installing into $venv with $python …" >&2
rm -f "$venv/.installed"
"$python" -m venv --clear "$venv"
install() {
    "$(interpreter)" -m pip --disable-pip-version-check --no-input install --quiet "$@"
}
if [ -n "${LOCKED:-}" ]; then
    install --require-hashes --requirement "$LOCKED/build.txt"
    install --require-hashes --no-build-isolation --requirement "$LOCKED/packages.txt"
    install --no-deps --no-build-isolation --editable .
elif [ "$venv" = .venv ]; then
    install '.[client,server]'
elif [ -e /usr/include/PCSC/winscard.h ] && install --editable '.[pcsc,dev]'; then
    :  # pyscard could be compiled; without it, the tests that use it are left out, and say so
elif [ -e /usr/include/PCSC/winscard.h ] && [ "${CI:-}" = true ]; then
    exit 1
else
    install --editable '.[dev]'
fi
compile
printf '%s\n' "$state" > "$venv/.installed"
