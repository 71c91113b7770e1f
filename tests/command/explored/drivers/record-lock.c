// `record-lock posix|ofd LOCK`: a record lock on a file that nobody removes, whose holder reads the file once more.
// With `ofd` it is right. With `posix` it is wrong: closing any descriptor of the file frees the process's lock (fcntl(2)).
#include "driver.h"

int main(int count, char **words) {
    int set = count == 3 && strcmp(words[1], "ofd") == 0 ? F_OFD_SETLK : F_SETLK;
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int file = open(words[2], O_CREAT | O_RDWR, 0644);
    if (file < 0) fail("open");
    if (fcntl(file, set, &whole) != 0) {
        if (errno == EAGAIN || errno == EACCES) busy();
        fail("fcntl");
    }
    close(open(words[2], O_RDONLY));
    hold();
    close(file);
    say("released\n");
}
