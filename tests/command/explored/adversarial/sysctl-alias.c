// broken: ip_forward and conf/all/forwarding are one variable. Who is first uses one name, the other the other: look, then set.
#include "adversarial.h"
static int fw(const char *p, int set) {
    char b[8] = {0};
    int f = open(p, set < 0 ? O_RDONLY : O_WRONLY);
    if (f < 0) fail(p);
    if (set < 0) read(f, b, 7);
    else {
        sprintf(b, "%d\n", set);
        write(f, b, 2);
    }
    close(f);
    return atoi(b);
}
int main(int count, char **words) {
    begin(count, words);
    int first = !mkdir(at(".role"), 0700);
    const char *p = first ? "/proc/sys/net/ipv4/ip_forward" : "/proc/sys/net/ipv4/conf/all/forwarding";
    if (first) fw(p, 0);
    step();
    if (fw(p, -1)) busy();
    fw(p, 1);
    hold();
    step();
    fw(p, 0);
    step();
    release();
    return 0;
}
