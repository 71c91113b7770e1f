// safe: bind of an abstract name.
#include "adversarial.h"
int main(int count, char **words) {
    begin(count, words);
    struct sockaddr_un a = {.sun_family = AF_UNIX, .sun_path = "\0attack1"};
    int s = socket(AF_UNIX, SOCK_DGRAM, 0);
    if (bind(s, (void *)&a, 10)) busy();
    hold();
    close(s);
    release();
    return 0;
}
