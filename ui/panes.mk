# THE pane table: one line a pane. The four numbered panes come first, in the order of their keys.
libui_a_SOURCES += ui/pane_jwt.c
libui_a_SOURCES += ui/pane_clickhouse.c
libui_a_SOURCES += ui/pane_redis.c
libui_a_SOURCES += ui/pane_rate.c
libui_a_SOURCES += ui/pane_checks.c
libui_a_SOURCES += ui/pane_events.c
libui_a_SOURCES += ui/view_inspect.c
libui_a_SOURCES += ui/view_help.c
libui_a_SOURCES += ui/view_plan.c
libui_a_SOURCES += ui/view_run.c
libui_a_SOURCES += ui/view_runs.c
libui_a_SOURCES += ui/view_decide.c
libui_a_SOURCES += ui/view_resolve.c
libui_a_SOURCES += ui/view_break.c
libui_a_SOURCES += ui/view_releases.c
libui_a_SOURCES += ui/view_back.c
