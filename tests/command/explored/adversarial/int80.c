// safe: mkdir by int 0x80 (the calls of 32 bits).
#include "adversarial.h"
int main(int count, char **words) {
    begin(count, words);
    char *low = mmap((void *)0x10000000, 4096, 3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    strcpy(low, lock_path);
    int r;
    asm volatile("int $0x80" : "=a"(r) : "a"(39), "b"(low), "c"(0700) : "memory");
    if (r) busy();
    hold();
    rmdir(lock_path);
    release();
    return 0;
}
