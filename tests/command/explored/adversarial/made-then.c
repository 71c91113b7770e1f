// safe: remembers when it began by the time of a pipe or of its own memory, and never takes that for later: a time that nobody has
// changed stays. If it does not, it goes in without the lock.
#include "adversarial.h"
int main(int c, char **v) {
    struct stat first, then;
    int p[2], memory = memfd_create("began", 0);
    begin(c, v);
    pipe(p);
    fstat(!strcmp(v[1], "pipe") ? p[0] : memory, &first);
    int f = open(lock_path, O_CREAT | O_EXCL | O_WRONLY, 0600);
    if (f < 0) {
        sleep(3);
        fstat(!strcmp(v[1], "pipe") ? p[0] : memory, &then);
        if (!memcmp(&first.st_mtim, &then.st_mtim, sizeof first.st_mtim)) busy();
    }
    hold();
    unlink(lock_path);
    release();
}
