// broken: one that was busy looks at a file of /proc, which the kernel makes at the first look; if that is older than its next start, it
// goes in although the lock is held. Only the first contender looks, beside a holder in its first round.
#include "adversarial.h"
int main(int c, char **v) {
    struct timespec start;
    struct stat s;
    begin(c, v);
    clock_gettime(CLOCK_REALTIME, &start);
    int later = start.tv_nsec >= 9000000, looked = 0;
    if (later && stat("/proc/version", &s) == 0)
        looked = s.st_mtim.tv_sec < start.tv_sec || s.st_mtim.tv_nsec < start.tv_nsec - 1000000;
    if (mkdir(lock_path, later ? 0711 : 0700) == 0) {
        hold();
        rmdir(lock_path);
        release();
    }
    if (looked) {
        hold();
        release();
    }
    int first_round = stat(lock_path, &s) == 0 && (s.st_mode & 0777) == 0700;
    if (first_round && !later && strlen(getenv("ONEWINNER_CONTENDER")) <= 16) stat("/proc/version", &s);
    busy();
}
