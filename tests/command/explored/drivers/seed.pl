# `seed.pl create-new|stat-then-write LOCK`: the two locks that onewinner began with, in Perl.
# create-new is right: one system call makes the file or fails. stat-then-write is wrong: two that look before either writes
# both find nothing.
use strict;
use warnings;
use Errno;
use Fcntl;

$| = 1;
my ($name, $lock) = @ARGV;

sub acquire {
    if ($name eq 'create-new') {
        sysopen(my $file, $lock, O_CREAT | O_EXCL | O_WRONLY) or return 0;
        return close $file;
    }
    if (-e $lock) {
        $! = Errno::EEXIST;
        return 0;
    }
    open(my $file, '>', $lock) or return 0;
    print $file "locked\n";
    return close $file;
}

if (!acquire()) {
    print $!{EEXIST} ? "busy\n" : "error $!\n";
    exit;
}
print "acquired\n";
my $line = <STDIN>;
unlink $lock or $!{ENOENT} or die "$lock: $!";
print "released\n";
