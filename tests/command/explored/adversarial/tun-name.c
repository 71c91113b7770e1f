// broken: an interface lk0 made by TUNSETIFF is the flag, looked up by SIOCGIFINDEX; look, then make (another name if that
// fails).
#include "adversarial.h"
#include <linux/if_tun.h>
int main(int count, char **words) {
    begin(count, words);
    struct ifreq r;
    memset(&r, 0, sizeof r);
    int s = socket(AF_INET, SOCK_DGRAM, 0), t = open("/dev/net/tun", O_RDWR);
    if (t < 0) fail("tun");
    step();
    strcpy(r.ifr_name, "lk0");
    if (!ioctl(s, SIOCGIFINDEX, &r)) busy();
    memset(&r, 0, sizeof r);
    strcpy(r.ifr_name, "lk0");
    r.ifr_flags = IFF_TUN | IFF_NO_PI;
    ioctl(t, TUNSETIFF, &r);
    hold();
    step();
    close(t);
    step();
    release();
    return 0;
}
