// `sysinfo LOCK`: wrong. It waits until the machine is three seconds older by sysinfo(2), and then takes the lock even if another
// holds it.
#include <sys/sysinfo.h>

#include "driver.h"

static long uptime(void) {
    struct sysinfo figures;
    sysinfo(&figures);
    return figures.uptime;
}

int main(int count, char **words) {
    const char *lock = words[count - 1];
    long end = uptime() + 3;
    while (mkdir(lock, 0755) != 0 && uptime() < end) usleep(200000);
    hold();
    rmdir(lock);
    say("released\n");
}
