// broken: bind to port 0 in a range of one port (IP_LOCAL_PORT_RANGE) fails if another has it; look and close, then bind again
// ignoring failure.
#include "adversarial.h"
static int take(void) {
    int s = socket(AF_INET, SOCK_STREAM, 0);
    uint32_t r = 40111u | 40111u << 16;
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (setsockopt(s, IPPROTO_IP, 51, &r, sizeof r)) fail("setsockopt");
    if (bind(s, (void *)&a, sizeof a)) {
        close(s);
        return -1;
    }
    return s;
}
int main(int count, char **words) {
    begin(count, words);
    step();
    int s = take();
    if (s < 0) busy();
    close(s);
    s = take();
    hold();
    step();
    close(s);
    step();
    release();
    return 0;
}
