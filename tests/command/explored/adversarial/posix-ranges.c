// safe: as SQLite: a read lock on one byte, then a reserved byte, then the rest, all F_SETLK, all given back on failure; only one
// gets the reserved byte.
#include "adversarial.h"
static int f;
static int lk(int t, long s, long l) {
    struct flock k = {.l_type = t, .l_start = s, .l_len = l};
    return fcntl(f, F_SETLK, &k);
}
int main(int count, char **words) {
    begin(count, words);
    f = open(lock_path, O_CREAT | O_RDWR, 0600);
    if (lk(F_RDLCK, 100, 1)) busy();
    if (lk(F_RDLCK, 102, 500)) busy();
    lk(F_UNLCK, 100, 1);
    if (lk(F_WRLCK, 101, 1)) {
        lk(F_UNLCK, 0, 0);
        busy();
    }
    hold();
    lk(F_UNLCK, 0, 0);
    release();
    return 0;
}
