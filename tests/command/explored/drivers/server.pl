# `server.pl create-new|stat-then-write`: the seed locks, served: it says `ready`, then acquires and releases on request.
# create-new is right, stat-then-write is wrong.
use strict;
use warnings;
use Errno;
use Fcntl;

$| = 1;
my $name = $ARGV[0];
my $lock;

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
    return close $file;
}

print "ready\n";
while (my $line = <STDIN>) {
    chomp $line;
    if ($line =~ /^acquire (.*)$/) {
        $lock = $1;
        print acquire() ? "acquired\n" : $!{EEXIST} ? "busy\n" : "error $!\n";
    } elsif ($line eq 'release') {
        unlink $lock or $!{ENOENT} or die "$lock: $!";
        print "released\n";
    }
}
