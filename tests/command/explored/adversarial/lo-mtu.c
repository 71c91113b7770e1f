// broken: the MTU of lo is the flag, set by ioctl on an unbound socket; look, then set. `lo-mtu once LOCK` never gives
// it back.
#include "adversarial.h"
static int s;
static int mtu(int set) {
    struct ifreq r;
    memset(&r, 0, sizeof r);
    strcpy(r.ifr_name, "lo");
    r.ifr_mtu = set;
    if (ioctl(s, set ? SIOCSIFMTU : SIOCGIFMTU, &r)) fail("ioctl");
    return r.ifr_mtu;
}
int main(int count, char **words) {
    begin(count, words);
    s = socket(AF_INET, SOCK_DGRAM, 0);
    if (open(at(".base"), O_CREAT | O_EXCL | O_WRONLY, 0600) >= 0) mtu(1500); // What is left of a killed holder.
    step();
    if (mtu(0) == 1234) busy();
    mtu(1234);
    hold();
    step();
    if (strcmp(words[1], "once") != 0) mtu(1500);
    step();
    release();
    return 0;
}
