# The service without its embedded Postgres: it wants LOCKSTEP_DATABASE_URL.
FROM python:3.13-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build
COPY requirements-image.lock requirements-build.lock ./
RUN pip install --require-hashes --only-binary :all: -r requirements-build.lock \
    && python -m venv --without-pip /opt/lockstep \
    && pip --python /opt/lockstep/bin/python install --require-hashes --only-binary :all: -r requirements-image.lock
COPY pyproject.toml README.md LICENSE lockstep_pytest.py ./
COPY app app
COPY events events
COPY projections projections
COPY sql sql
RUN pip wheel --no-deps --no-build-isolation --wheel-dir dist . \
    && pip --python /opt/lockstep/bin/python install --no-deps --no-index dist/lockstep-*.whl

FROM python:3.13-slim
# Volumes that are mounted over these folders take their owner from here.
RUN groupadd --gid 10001 lockstep \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/lockstep --shell /usr/sbin/nologin lockstep \
    && install -d -o lockstep -g lockstep -m 0700 /var/lib/lockstep /var/lib/lockstep/secret /var/lib/lockstep/simulator
COPY --from=build /opt/lockstep /opt/lockstep
ENV PATH=/opt/lockstep/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    LOCKSTEP_HOST=0.0.0.0 LOCKSTEP_PORT=8080 LOCKSTEP_DATA_DIRECTORY=/var/lib/lockstep
WORKDIR /var/lib/lockstep
# by its number, so that Kubernetes can see that it is not root
USER 10001:10001
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=15s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen('http://127.0.0.1:' + os.environ['LOCKSTEP_PORT'] + '/readyz', timeout=4)"]
ENTRYPOINT ["lockstep"]
CMD ["serve"]
