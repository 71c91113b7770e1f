// broken: a lease of 5 s by vsyscall time(): a holder that is slow is overtaken.
#include "adversarial.h"
int main(int count, char **words) {
    begin(count, words);
    time_t (*vt)(time_t *) = (void *)0xffffffffff600400;
    int f = open(lock_path, O_CREAT | O_EXCL | O_WRONLY, 0600);
    time_t t = 0, now = vt(0);
    if (f < 0) {
        f = open(lock_path, O_RDWR);
        if (f < 0) busy();
        if (read(f, &t, 8) < 8) busy();
        sleep(6);
        now = vt(0);
        if (now - t < 5) busy();
        lseek(f, 0, 0);
    }
    write(f, &now, 8);
    hold();
    unlink(lock_path);
    release();
    return 0;
}
