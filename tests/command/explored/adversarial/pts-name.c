// broken: whether /dev/pts/0 exists is the flag, and opening /dev/ptmx makes it; look, then make.
#include "adversarial.h"
int main(int count, char **words) {
    begin(count, words);
    step();
    if (!access("/dev/pts/0", F_OK)) busy();
    int m = open("/dev/ptmx", O_RDWR | O_NOCTTY);
    if (m < 0) fail("ptmx");
    hold();
    step();
    close(m);
    step();
    release();
    return 0;
}
