# THE check table: one line a check, in the order of the board. checks/NAME.c ends in the descriptor
# check_NAME; a deep check is a folder whose first file here bears its name (checks/NAME/NAME.c …).
libchecks_a_SOURCES += checks/health_json.c
