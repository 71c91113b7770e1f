// broken: a lease of 1 s by the time stamp counter (rdtsc): a holder that is slow is overtaken.
#include "adversarial.h"
#include <x86intrin.h>
int main(int count, char **words) {
    begin(count, words);
    int f = open(lock_path, O_CREAT | O_EXCL | O_WRONLY, 0600);
    uint64_t t = 0, now = __rdtsc();
    if (f < 0) {
        f = open(lock_path, O_RDWR);
        if (f < 0) busy();
        if (read(f, &t, 8) < 8) busy();
        if (now - t < 2000000000ull) busy();
        lseek(f, 0, 0);
    }
    write(f, &now, 8);
    hold();
    unlink(lock_path);
    release();
    return 0;
}
