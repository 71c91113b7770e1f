// `elsewhere create-new|stat-then-write LOCK`: the seed locks, made in another directory than that of LOCK. create-new is right
// there too, and stat-then-write is as wrong. A tracer that watches the directory of LOCK alone sees none of their calls.
// The other directory is that for temporary files. The file's name has a hash of LOCK, so that two runs do not meet.
#include "driver.h"

static char place[PATH_MAX];

static void choose(const char *lock) {
    const char *folder = getenv("TMPDIR");
    uint64_t hash = 14695981039346656037u; // FNV-1a.
    for (const char *letter = lock; *letter; letter++) hash = (hash ^ (unsigned char)*letter) * 1099511628211u;
    snprintf(place, sizeof place, "%s/elsewhere-%016llx", folder ? folder : "/tmp", (unsigned long long)hash);
}

int main(int count, char **words) {
    int new = count == 3 && strcmp(words[1], "create-new") == 0;
    struct stat seen;
    choose(words[2]);
    if (!new && stat(place, &seen) == 0) busy();
    int file = open(place, O_CREAT | O_WRONLY | (new ? O_EXCL : O_TRUNC), 0644);
    if (file < 0 && errno == EEXIST) busy();
    if (file < 0) fail("open");
    close(file);
    hold();
    if (unlink(place) != 0) fail("unlink");
    say("released\n");
}
