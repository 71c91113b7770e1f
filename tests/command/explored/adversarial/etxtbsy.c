// broken: look = can the file be executed (ETXTBSY while another has it open for writing); mark = open it for writing. Two that
// look before either opens both hold.
#include "adversarial.h"
int main(int count, char **words) {
    begin(count, words);
    char *x = at(".x");
    int f = open(x, O_CREAT | O_EXCL | O_WRONLY, 0700);
    if (f >= 0) {
        write(f, "#!/bin/true\n", 12);
        close(f);
        step();
    }
    int p = fork(), w = 0;
    if (!p) {
        execl(x, x, (char *)0);
        _exit(errno == ETXTBSY ? 26 : 99);
    }
    waitpid(p, &w, 0);
    if (WEXITSTATUS(w) == 26) busy();
    if (w) {
        errno = w;
        fail("exec");
    }
    f = open(x, O_WRONLY);
    if (f < 0) busy();
    hold();
    close(f);
    release();
    return 0;
}
