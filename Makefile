# What a contributor types; each target is one command that also works without make.
.PHONY: setup style types fast test cover bench docs
setup: ; ./scripts/setup dev
style: ; .venv/bin/ruff format . && .venv/bin/ruff check --fix .
types: ; .venv/bin/mypy
fast: ; ./scripts/test fast
test: ; ./scripts/test
cover: ; ./scripts/test cover
bench: ; .venv/bin/voice bench --help
docs: ; .venv/bin/python scripts/architecture_page.py
