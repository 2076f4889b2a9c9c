# Runs the tests of the rooms that lean on other packages, in the environment build/$1: with the "lowest" versions that
# pyproject.toml allows, or with the "newest" of today.
set -eu
venv=build/$1
rooms='images opening portal signing submission testing trust webeid test_aio.py cli/test_commands.py'

case $1 in
    lowest) how='--resolution lowest-direct' ;;
    newest) how='--upgrade --resolution highest' ;;
esac
[ -d "$venv" ] || "$(sh tools/python.sh venv)" -m venv "$venv"
inside=$venv/bin/python
[ -x "$inside" ] || inside=$venv/Scripts/python
"$inside" -m pip --disable-pip-version-check --no-input install --quiet uv
"$inside" -m uv pip install --quiet --python "$inside" $how --editable '.[pdf,test]'
"$inside" -m pytest -q -n auto --maxprocesses 4 --dist worksteal $(printf 'tests/%s ' $rooms)
