// broken: look whether lo has sent packets since the first came (/proc/net/dev), send one; two that look before either sends both
// hold.
#include "adversarial.h"
static long packets(void) {
    char b[8192], *p;
    int f = open("/proc/net/dev", O_RDONLY), n = read(f, b, sizeof b - 1);
    close(f);
    if (n < 0) fail("dev");
    b[n] = 0;
    long bytes = 0, k = 0;
    p = strstr(b, "lo:");
    if (!p) fail("lo");
    sscanf(p + 3, "%ld %ld", &bytes, &k);
    return k;
}
int main(int count, char **words) {
    begin(count, words);
    long was = 0, now = packets();
    char t[99];
    sprintf(t, "%s.%d", lock_path, getpid());
    int f = open(t, O_CREAT | O_EXCL | O_RDWR, 0600);
    write(f, &now, sizeof now);
    close(f);
    link(t, at(".base"));
    f = open(at(".base"), O_RDONLY);
    read(f, &was, sizeof was);
    close(f);
    step();
    if (packets() != was) busy();
    int s = socket(AF_INET, SOCK_DGRAM, 0);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    sendto(s, "x", 1, 0, (void *)&a, sizeof a);
    hold();
    release();
    return 0;
}
