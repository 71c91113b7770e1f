// broken: a lock older than 5 s is stale, and "now" is the time of something that it has just made or looked at, as programs do for
// network file systems. A slow holder is overtaken.
#include "adversarial.h"
static time_t now(const char *of) {
    struct stat s = {0};
    int p[2] = {-1, -1}, f = -1;
    char name[64];
    if (!strcmp(of, "memory")) f = memfd_create("now", 0);
    if (!strcmp(of, "unnamed")) f = open("/tmp", O_TMPFILE | O_RDWR, 0600);
    if (!strcmp(of, "pipe")) pipe(p), f = p[0];
    if (!strcmp(of, "pair")) socketpair(AF_UNIX, SOCK_STREAM, 0, p), f = p[0];
    if (!strcmp(of, "socket")) f = socket(AF_UNIX, SOCK_STREAM, 0);
    if (!strcmp(of, "proc-file")) f = open("/proc/self/limits", O_RDONLY);
    if (!strcmp(of, "proc")) return stat("/proc/self", &s), s.st_mtime;
    if (!strcmp(of, "directory")) {
        snprintf(name, sizeof name, "/tmp/now-of.%d", getpid());
        mkdir(name, 0700), stat("/tmp", &s), rmdir(name);
        return s.st_mtime;
    }
    if (!strcmp(of, "extended")) {
        struct statx x = {0};
        f = memfd_create("now", 0);
        syscall(SYS_statx, f, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &x);
        return x.stx_mtime.tv_sec;
    }
    if (f < 0) fail(of);
    fstat(f, &s);
    return s.st_mtime;
}
int main(int c, char **v) {
    struct stat s;
    int written = memfd_create("written", 0);
    begin(c, v);
    if (mkdir(lock_path, 0700)) {
        sleep(8);
        time_t t;
        if (!strcmp(v[1], "written")) {
            struct stat w;
            write(written, "x", 1), fstat(written, &w);
            t = w.st_mtime;
        } else {
            t = now(v[1]);
        }
        if (stat(lock_path, &s) || t - s.st_mtime <= 5) busy();
    }
    hold();
    rmdir(lock_path);
    release();
}
