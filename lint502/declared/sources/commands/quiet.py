"""Programs that listen at nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lint502.declared.sources.commands.calls import NOTHING, Call, Result

_NAMES = """
    addgroup adduser aerich alembic apk apt-get awk aws basename busybox-extras cat certbot
    chgrp chmod chown clear composer cp cron crond curl cut date dbmate dirname dpkg dramatiq
    echo envsubst exit false find flyway getent git goose grep groupadd groupmod gzip hostname
    huey_consumer huey_consumer.py id inotifywait jq kill killall ldconfig liquibase ln
    locale-gen ls mkdir mkfifo mktemp mongosh mv mysql mysqladmin nc netcat openssl pg_isready
    pip pip3 pkill printf prisma ps psql pwd rake redis-cli resque rm rmdir rq rqworker sed seq
    sidekiq sleep sort sqitch stat supercronic supervisorctl sync sysctl tail tar tee test touch
    tr trap true tsc ulimit umask uname update-ca-certificates useradd usermod wait wc wget
    which whoami xargs
"""


def _nothing(call: Call) -> Result:
    return NOTHING


PROGRAMS: Mapping[str, Callable[[Call], Result]] = dict.fromkeys(_NAMES.split(), _nothing)
