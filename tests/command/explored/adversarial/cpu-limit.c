// broken: spins, and goes in without the lock after 2 s of CPU time, by one of the clocks that show it. With `wall`, by a clock of the
// time of day that few programs use.
#include "adversarial.h"
static volatile sig_atomic_t over;
static void end(int signal) { over = signal; }
static double used(const char *by) {
    struct timespec t = {0, 0};
    struct rusage u;
    struct tms times_used;
    clockid_t id = CLOCK_PROCESS_CPUTIME_ID;
    if (!strcmp(by, "clock")) return (double)clock() / CLOCKS_PER_SEC;
    if (!strcmp(by, "usage")) return getrusage(RUSAGE_SELF, &u), u.ru_utime.tv_sec + u.ru_utime.tv_usec / 1e6;
    if (!strcmp(by, "times")) return times(&times_used), times_used.tms_utime / 100.0;
    if (!strcmp(by, "stat")) {
        char b[1024] = {0}, *p;
        int f = open("/proc/self/stat", O_RDONLY);
        read(f, b, sizeof b - 1), close(f), p = strrchr(b, ')') + 2;
        for (int i = 3; i < 14; i++) p = strchr(p, ' ') + 1;
        return atoll(p) / 100.0;
    }
    if (!strcmp(by, "thread")) pthread_getcpuclockid(pthread_self(), &id);
    if (!strcmp(by, "process")) clock_getcpuclockid(getpid(), &id);
    if (!strcmp(by, "wall")) id = CLOCK_REALTIME_ALARM;
    clock_gettime(id, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}
int main(int c, char **v) {
    begin(c, v);
    const char *by = v[1];
    double since = used(by);
    struct rlimit limit = {2, 4};
    struct itimerval timer = {{0, 0}, {2, 0}};
    signal(SIGXCPU, end), signal(SIGPROF, end), signal(SIGVTALRM, end);
    if (!strcmp(by, "limit")) setrlimit(RLIMIT_CPU, &limit);
    if (!strcmp(by, "profile")) setitimer(ITIMER_PROF, &timer, 0);
    if (!strcmp(by, "virtual")) setitimer(ITIMER_VIRTUAL, &timer, 0);
    int signals = !strcmp(by, "limit") || !strcmp(by, "profile") || !strcmp(by, "virtual");
    while (open(lock_path, O_CREAT | O_EXCL, 0600) < 0)
        if (over || (!signals && used(by) - since > 2)) break;
    hold();
    unlink(lock_path);
    release();
}
