# The production image: web, worker, beat and migrate are the same image with other commands.

FROM python:3.11-slim AS build
WORKDIR /build
COPY requirements-production.txt .
RUN python -m venv /opt/venv \
    && /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check \
        --require-hashes --only-binary :all: -r requirements-production.txt

FROM python:3.11-slim
ENV PATH=/opt/venv/bin:$PATH \
    LC_ALL=C.UTF-8 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    DJANGO_SETTINGS_MODULE=config.settings.production \
    MINGCE_DATA_DIR=/var/lib/mingce/data
RUN groupadd --gid 10001 mingce \
    && useradd --uid 10001 --gid mingce --no-create-home --home-dir /nonexistent \
        --shell /usr/sbin/nologin mingce \
    && install -d -o mingce -g mingce -m 700 /var/lib/mingce/data
WORKDIR /app
COPY --from=build /opt/venv /opt/venv
COPY . .
# The demo settings need no secret: the files that are collected are the same.
RUN DJANGO_SETTINGS_MODULE=config.settings.demo MINGCE_DATA_DIR=/tmp/build \
        python manage.py collectstatic --noinput --verbosity 0 \
    && rm -rf /tmp/build
USER mingce
VOLUME /var/lib/mingce/data
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "config/docker/healthcheck.py"]
CMD ["gunicorn", "config.wsgi:application", "--bind", "0.0.0.0:8000", \
     "--worker-class", "gthread", "--workers", "2", "--threads", "3", \
     "--worker-tmp-dir", "/dev/shm", "--no-control-socket", "--access-logfile", "-"]
