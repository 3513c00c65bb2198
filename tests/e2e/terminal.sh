# The console on a real terminal: tmux's, one session open all the time. Sourced after lib.sh.
# shellcheck shell=bash

tmux() { command tmux -S "$TMPDIR/tmux" -f /dev/null "$@"; }
screen() { tmux capture-pane -p; }
shows() { screen | grep -qE -- "$1"; }
keys() { tmux send-keys "$@"; }
text() { tmux send-keys -l -- "$1"; }

seen() { # NAME REGEX: the screen comes to show that
    if wait_for shows "$2"; then
        result 0 "$1"
    else
        result 1 "$1"
        diag "expected: /$2/"
        diag "$(screen)"
    fi
}

# Starts the console from the shell of the session; console.pid is its, `left N` its end.
console() { # OPTION…
    rm -f "$TMPDIR/console.pid"
    text "clear; stty -a >before; sh -c 'echo \$\$ >console.pid; exec greenboard $*'; echo left \$?; stty -a >after"
    keys Enter
    wait_for test -s "$TMPDIR/console.pid"
    # shellcheck disable=SC2034 # read by the test files
    CONSOLE=$(<"$TMPDIR/console.pid")
}

begin_terminal() {
    cd "$TMPDIR" || exit 1
    tmux new-session -d -x 100 -y 30 'exec bash --norc --noprofile' || exit 1
    tmux set-option -g remain-on-exit on
    text "PS1='shell> '; unset GREENBOARD_SANDBOX_PACE HISTFILE"
    keys Enter
    wait_for shows "^shell>" || exit 1
}
