# `make run` and `make test` are all one needs; both need Python 3.11 or later and make.
SHELL := /bin/sh
PYTHON ?= python3
PORT ?= 8000
export PORT
# Where bytecode may not be kept, each process of the service would compile all of it anew.
unexport PYTHONDONTWRITEBYTECODE
bin := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help setup run test check format torture bench lock clean

help:  ## 列出所有命令 / list every target
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/run.ready ce_tracker/web/static/vendor/.ready  ## 只准备环境 / set up without starting

run: .venv/run.ready ce_tracker/web/static/vendor/.ready  ## 启动全部服务 / start everything (PORT, CE_HOME)
	@exec $(bin)/ce-tracker up

test: .venv/dev.ready ce_tracker/web/static/vendor/.ready node_modules/.dev.ready  ## 全部测试 / the whole suite, on real servers
	@exec $(bin)/python -m pytest -n auto

check: .venv/dev.ready  ## 提交之前 / before a commit: format, lint, types
	$(bin)/ruff format --check .
	$(bin)/ruff check .
	$(bin)/mypy

format: .venv/dev.ready  ## 整理代码格式 / format the code
	$(bin)/ruff format .
	$(bin)/ruff check --fix .

torture: .venv/dev.ready  ## 加大剂量的故障测试 / faults in full doses, one JSON line a promise
	@exec $(bin)/python -m tests.torture

bench: .venv/dev.ready  ## 速度，与下限同时测量 / speed, beside its floor
	@exec $(bin)/python -m benchmarks

lock: pyproject.toml  ## 重新锁定依赖 / lock the dependencies anew (needs uv and npm)
	uv pip compile pyproject.toml --group build --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-header --no-annotate -q -o requirements/run.lock
	uv pip compile pyproject.toml --group build --group dev --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-header --no-annotate -q -o requirements/dev.lock
	npm install --package-lock-only --omit-lockfile-registry-resolved --ignore-scripts

clean:  ## 删除环境和前端文件，保留数据 / remove what set-up made, keep the data
	rm -rf .venv node_modules ce_tracker/web/static/vendor

# --- set-up: each file below stands for a finished step -------------------------------------

.venv/made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "需要 Python 3.11 或更高版本 / Python 3.11 or later is needed"; exit 1; }
	@$(PYTHON) -m venv .venv
	@touch $@

.venv/run.ready: .venv/made requirements/run.lock pyproject.toml
	@echo "安装依赖……"
	@$(bin)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/run.lock
	@$(bin)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

.venv/dev.ready: .venv/run.ready requirements/dev.lock
	@echo "安装测试工具……"
	@$(bin)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/dev.lock
	@touch $@

ce_tracker/web/static/vendor/.ready: package-lock.json scripts/vendor_assets.py scripts/npm.sh | .venv/made
	@echo "准备前端文件……"
	@sh scripts/npm.sh ci --omit=dev
	@$(bin)/python scripts/vendor_assets.py
	@rm -f node_modules/.dev.ready
	@touch $@

node_modules/.dev.ready: package-lock.json | ce_tracker/web/static/vendor/.ready
	@sh scripts/npm.sh ci
	@touch $@
