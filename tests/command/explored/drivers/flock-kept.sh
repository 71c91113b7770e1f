#!/bin/sh
# Right, and what most shell scripts do: the redirection cuts the file to nothing, as a loser's does while another holds; but
# nothing stands in it.
exec 9>"$1" || exit
flock -n 9 || { echo busy; exit; }
echo acquired
read -r line
exec 9>&-
echo released
