#include "run/process.h"

#include "base/buf.h"
#include "base/fs.h"
#include "base/mem.h"
#include "base/text.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* proc(5), /proc/PID/stat: fields 3 (state), 4 (ppid), 5 (pgrp), 6 (session), 22
 * (starttime). */
struct stat_line {
    char state;
    pid_t parent, group, session;
    int64_t start;
};

static bool read_stat(pid_t pid, struct stat_line *line)
{
    struct buf text;
    buf_init(&text, 4096);
    char *path = mem_format("/proc/%d/stat", (int)pid);
    /* The name in parentheses may hold anything, parentheses too: fields begin after the
     * last. */
    const char *rest =
        fs_read(path, &text, NULL) ? strrchr(buf_string(&text), ')') : NULL;
    int parent = 0, group = 0, session = 0;
    long long start = 0;
    bool done =
        rest && sscanf(rest + 1,
                       " %c %d %d %d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d"
                       " %*d %*d %*d %lld",
                       &line->state, &parent, &group, &session, &start) == 5;
    line->parent = parent;
    line->group = group;
    line->session = session;
    line->start = start;
    free(path);
    buf_finish(&text);
    return done;
}

static bool dead(const struct stat_line *line)
{
    return line->state == 'Z' || line->state == 'X';
}

struct process process_find(pid_t pid)
{
    struct stat_line line;
    return read_stat(pid, &line) ? (struct process){.pid = pid, .start = line.start}
                                 : (struct process){0};
}

char *process_boot(void)
{
    struct buf text;
    buf_init(&text, 64);
    bool there = fs_read("/proc/sys/kernel/random/boot_id", &text, NULL);
    char *boot =
        there ? mem_bytes(buf_string(&text), strcspn(buf_string(&text), "\n")) : NULL;
    buf_finish(&text);
    return boot;
}

bool process_lives(const struct process *process)
{
    struct stat_line line;
    return process->pid > 0 && read_stat(process->pid, &line) &&
           line.start == process->start && !dead(&line);
}

/* Calls back with each living process of the leader's session or group. Where the
 * leader's number belongs to a later process, nothing of its own is left: a number is not
 * given out again while a group or session bears it. */
static void each_member(const struct process *leader,
                        void (*found)(void *self, pid_t pid), void *self)
{
    struct stat_line line;
    if (leader->pid <= 0 ||
        (read_stat(leader->pid, &line) && line.start != leader->start)) {
        return;
    }
    DIR *directory = opendir("/proc");
    for (struct dirent *entry; directory && (entry = readdir(directory));) {
        int64_t pid = 0;
        if (text_integer(entry->d_name, 1, INT32_MAX, &pid) &&
            read_stat((pid_t)pid, &line) && !dead(&line) &&
            (line.group == leader->pid || line.session == leader->pid)) {
            found(self, (pid_t)pid);
        }
    }
    if (directory) {
        closedir(directory);
    }
}

static void note_found(void *self, pid_t pid)
{
    (void)pid;
    *(bool *)self = true;
}

bool process_group_lives(const struct process *leader)
{
    bool lives = false;
    each_member(leader, note_found, &lives);
    return lives;
}

static void send_signal(void *self, pid_t pid)
{
    kill(pid, *(int *)self);
}

void process_group_signal(const struct process *leader, int number)
{
    each_member(leader, send_signal, &number);
}

static void add_name(void *self, pid_t pid)
{
    struct buf *names = self, name;
    char *path = mem_format("/proc/%d/comm", (int)pid);
    buf_init(&name, 64);
    fs_read(path, &name, NULL);
    int length = (int)strcspn(buf_string(&name), "\n");
    buf_format(names, "%s%.*s (%d)", names->length ? ", " : "", length, buf_string(&name),
               (int)pid);
    buf_finish(&name);
    free(path);
}

char *process_group_names(const struct process *leader)
{
    struct buf names, clean;
    buf_init(&names, 0);
    buf_init(&clean, 0);
    each_member(leader, add_name, &names);
    buf_text(&clean, "");
    text_clean(&clean, buf_string(&names), names.length); /* a process names itself */
    buf_finish(&names);
    return clean.data ? buf_take(&clean) : mem_text("");
}

bool process_beneath(pid_t pid, const struct process *above)
{
    struct stat_line line;
    while (pid > 1 && pid != above->pid && read_stat(pid, &line)) {
        pid = line.parent;
    }
    return pid == above->pid && process_lives(above);
}
