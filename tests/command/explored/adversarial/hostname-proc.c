// broken: the name of the host, written through /proc/sys and read by uname, is the flag; look, then set.
#include "adversarial.h"
static void name(const char *n) {
    int f = open("/proc/sys/kernel/hostname", O_WRONLY);
    if (f < 0 || write(f, n, strlen(n)) < 0) fail("hostname");
    close(f);
}
int main(int count, char **words) {
    begin(count, words);
    struct utsname u;
    if (open(at(".base"), O_CREAT | O_EXCL | O_WRONLY, 0600) >= 0) name("free");
    step();
    uname(&u);
    if (!strcmp(u.nodename, "held")) busy();
    name("held");
    hold();
    step();
    name("free");
    step();
    release();
    return 0;
}
