# safe: perl flock with a trap for signals and a local alarm that is cancelled.
use Fcntl ':flock'; $| = 1; $SIG{ALRM} = sub { die }; alarm 5; open(my $f, '+>>', $ARGV[0]) or die; my $ok = flock($f, LOCK_EX | LOCK_NB); alarm 0;
unless ($ok) { print "busy\n"; exit } print "acquired\n"; <STDIN>; flock($f, LOCK_UN); print "released\n";
