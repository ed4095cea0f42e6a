//! Block, linked and exclusive orders over several slots: the welfare optimum at prices that nobody regrets.
