# Prints the Python to use: $PYTHON, else the newest that is found. It is 3.11 or later; with "venv", it can also make
# environments. Exit code 1 where there is none.
set -eu
wanted='import sys; assert sys.version_info >= (3, 11)'
if [ "${1:-}" = venv ]; then
    wanted="$wanted; import ensurepip, venv"
fi
try() {
    # Started, not looked for: a name on the path can be a shim of nothing.
    "$1" -c "$wanted; print(sys.executable)" 2>/dev/null
}
if [ -n "${PYTHON:-}" ]; then
    try "$PYTHON"
    exit
fi
for name in python3.14 python3.13 python3.12 python3.11 python3 python; do
    try "$name" && exit
done
exit 1
