// Never quiet: it waits for its own thread of control for ever, in user space, once it has looked at the lock. Nothing can be
// said of it.
#include "driver.h"

int main(int count, char **words) {
    volatile int done = 0;
    if (access(words[count - 1], F_OK) == 0) busy();
    while (!done) {
    }
}
