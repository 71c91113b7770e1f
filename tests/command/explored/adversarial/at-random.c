// safe: as aslr-token, with the 16 bytes of AT_RANDOM.
#include "adversarial.h"
#include <sys/auxv.h>
int main(int count, char **words) {
    begin(count, words);
    char *t = (char *)getauxval(AT_RANDOM), o[16] = {0};
    int f = open(lock_path, O_CREAT | O_EXCL | O_RDWR, 0600);
    if (f >= 0) write(f, t, 16);
    else {
        f = open(lock_path, O_RDONLY);
        if (f < 0 || read(f, o, 16) < 16) busy();
        if (memcmp(t, o, 16)) busy();
    }
    hold();
    unlink(lock_path);
    release();
    return 0;
}
