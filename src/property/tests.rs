//! Each property is seen red on a history that breaks it, and green on its neighbour.
