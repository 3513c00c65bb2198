# THE check table: one line a check, in the order of the board. checks/NAME.c ends in the
# descriptor check_NAME; a deep check is a folder whose first file bears its name.
libchecks_a_SOURCES += checks/config.c
libchecks_a_SOURCES += checks/jwt_secret.c
libchecks_a_SOURCES += checks/jwt_sync/jwt_sync.c \
	checks/jwt_sync/forged.c checks/jwt_sync/forged.h \
	checks/jwt_sync/holders.c checks/jwt_sync/holders.h \
	checks/jwt_sync/refused.c checks/jwt_sync/refused.h \
	checks/jwt_sync/show.c checks/jwt_sync/show.h
libchecks_a_SOURCES += checks/clickhouse/clickhouse.c \
	checks/clickhouse/exception.c checks/clickhouse/exception.h \
	checks/clickhouse/health.c checks/clickhouse/health.h \
	checks/clickhouse/line.c checks/clickhouse/line.h \
	checks/clickhouse/signs.c checks/clickhouse/signs.h \
	checks/clickhouse/usable.c checks/clickhouse/usable.h
libchecks_a_SOURCES += checks/redis/redis.c \
	checks/redis/cluster.c checks/redis/cluster.h \
	checks/redis/figures.c checks/redis/figures.h \
	checks/redis/info.c checks/redis/info.h \
	checks/redis/link.c checks/redis/link.h \
	checks/redis/prove.c checks/redis/prove.h \
	checks/redis/replicas.c checks/redis/replicas.h \
	checks/redis/sentinel.c checks/redis/sentinel.h \
	checks/redis/single.c checks/redis/single.h \
	checks/redis/slot.c checks/redis/slot.h \
	checks/redis/together.c checks/redis/together.h
libchecks_a_SOURCES += checks/settings.c
libchecks_a_SOURCES += checks/tunnel.c
libchecks_a_SOURCES += checks/webhook.c
libchecks_a_SOURCES += checks/auth_flow.c
libchecks_a_SOURCES += checks/auth_rate.c
libchecks_a_SOURCES += checks/health_json.c
libchecks_a_SOURCES += checks/http.c
libchecks_a_SOURCES += checks/tcp.c
libchecks_a_SOURCES += checks/tls.c
libchecks_a_SOURCES += checks/dns.c
libchecks_a_SOURCES += checks/cloud_run.c
libchecks_a_SOURCES += checks/promotion.c
libchecks_a_SOURCES += checks/command/command.c \
	checks/command/nagios.c checks/command/nagios.h \
	checks/command/verdict.c checks/command/verdict.h
