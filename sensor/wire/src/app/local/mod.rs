//! What is said below IP, or about addresses: ARP, neighbour discovery, LLDP and CDP.
//!
//! These are single packets without a conversation; each is read where it is seen.
