// broken: one that was busy beside a holder in its first round leaves a child, and one that finds its child when it starts again goes in.
// Only the first contender leaves one, so that starts without a child come first. Numbers of one contender in two rounds are 80,000 apart.
#include "adversarial.h"
int main(int c, char **v) {
    struct timespec start;
    struct stat s;
    int found = 0;
    begin(c, v);
    clock_gettime(CLOCK_REALTIME, &start);
    int later = start.tv_nsec >= 9000000;
    for (int d = 79990; later && d < 80000 && !found; d++) found = kill(getpid() - d, 0) == 0;
    if (mkdir(lock_path, later ? 0711 : 0700) == 0) {
        hold();
        rmdir(lock_path);
        release();
    }
    if (found) {
        hold();
        release();
    }
    int first_round = stat(lock_path, &s) == 0 && (s.st_mode & 0777) == 0700;
    say("busy\n");
    if (first_round && !later && strlen(getenv("ONEWINNER_CONTENDER")) <= 16 && fork() == 0) {
        setsid();
        close(0), close(1), close(2);
        pause();
    }
    _exit(0);
}
