// Gives the headers that the test programs share a target to be compiled for.
