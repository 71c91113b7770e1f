# Right: waits for a kernel lock, and gives up when a second is over.
use strict;
use warnings;
use Fcntl qw(:flock);

$| = 1;
open(my $file, '>', $ARGV[0]) or do { print "error $!\n"; exit };
local $SIG{ALRM} = sub { print "busy\n"; exit };
alarm 1;
flock($file, LOCK_EX) or die "flock: $!";
alarm 0;
print "acquired\n";
my $line = <STDIN>;
close $file;
print "released\n";
