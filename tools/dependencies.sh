# Runs the tests in the environment build/$1-$2: with the "lowest" versions that pyproject.toml allows, or with the
# "newest" of today, on Python $2. uv looks for that Python, among pyenv's too, and downloads it where there is none.
set -eu
kind=$1 version=$2
venv=build/$kind-$version
checking=$(ls build/venv/bin/python build/venv/Scripts/python 2>/dev/null | head -n 1)
extras=pdf,test
[ ! -e /usr/include/PCSC/winscard.h ] || extras=pcsc,$extras  # as in tools/install.sh

case $kind in
    lowest) resolution=lowest-direct ;;
    newest) resolution=highest ;;
esac
if ! PYENV_VERSION=$version "$checking" -m uv venv --quiet --clear --python "$version" "$venv"; then
    echo "Left out: the tests with the $kind dependencies on Python $version, which is not here." >&2
    [ "${CI:-}" != true ]
    exit
fi
inside=$(ls "$venv/bin/python" "$venv/Scripts/python" 2>/dev/null | head -n 1)
"$checking" -m uv pip install --quiet --python "$inside" --resolution $resolution --editable ".[$extras]"
if [ "$kind" = lowest ]; then
    "$inside" tools/lowest.py
fi
"$inside" -m pytest -q -n auto --maxprocesses 4 --dist worksteal tests
