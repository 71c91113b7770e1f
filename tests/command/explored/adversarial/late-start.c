// What a driver knows before its first step decides in its second round, or beside a stale lock.
// clock: broken: one that was busy sleeps for 5 s; in its next round a lock that was made before its own start is stale for it.
// file: broken: one that was busy leaves a mark of its own elsewhere; one that finds its mark when it starts goes in.
// age: broken: a lock that was made half an hour before the start is stale, and not removed.
// safe: does the same, and a mkdir decides alone.
#include "adversarial.h"
int main(int c, char **v) {
    struct timespec start;
    struct stat there;
    char mark[4096];
    begin(c, v);
    const char *mode = v[1];
    clock_gettime(CLOCK_REALTIME, &start);
    snprintf(mark, sizeof mark, "/tmp/late-start-%s", getenv("ONEWINNER_CONTENDER"));
    int marked = access(mark, F_OK) == 0;
    if (mkdir(lock_path, 0700) < 0) {
        if (stat(lock_path, &there) < 0) busy();
        long since = start.tv_sec - there.st_mtim.tv_sec;
        int goes_in = !strcmp(mode, "clock") && since > 2 && since < 1000;
        goes_in |= !strcmp(mode, "file") && marked;
        goes_in |= !strcmp(mode, "age") && since > 1800;
        if (!goes_in) {
            say("busy\n");
            if (strcmp(mode, "age") != 0) sleep(5);
            if (!strcmp(mode, "file") || !strcmp(mode, "safe")) close(open(mark, O_CREAT | O_WRONLY, 0600));
            _exit(0);
        }
        hold();
        release();
    }
    hold();
    rmdir(lock_path);
    release();
}
