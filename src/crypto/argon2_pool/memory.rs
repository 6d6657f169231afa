//! The working memory of one hashing thread.

use argon2::Block;
use zeroize::Zeroize;

use crate::ports::HashError;

/// With more than this reserved at once, in blocks of 1 KiB, glibc maps an allocation of its own and unmaps it when freed.
/// Below, memory freed on a thread may stay with the thread's arena for good. What is reserved and not used costs no memory.
const MAPPED: usize = 33 * 1024;

/// Blocks that one hash after the other is computed in; they are wiped before they are freed.
#[derive(Default)]
pub(super) struct Memory {
    blocks: Vec<Block>,
}

impl Memory {
    /// At least `count` blocks, whatever they contain; Argon2 fills each before it reads it.
    pub(super) fn blocks(&mut self, count: usize) -> Result<&mut [Block], HashError> {
        if self.blocks.capacity() < count {
            // Freed first: growing in place could move the blocks and leave an unwiped copy behind.
            self.release();
            let reserved =
                if cfg!(all(target_os = "linux", target_env = "gnu")) { count.max(MAPPED) } else { count };
            self.blocks.try_reserve_exact(reserved).map_err(|_| HashError::Failed)?;
        }
        if self.blocks.len() < count {
            self.blocks.resize(count, Block::new());
        }
        Ok(&mut self.blocks)
    }

    /// Gives the memory back if a costly hash made it grow beyond `count` blocks.
    pub(super) fn shrink_to(&mut self, count: usize) {
        if self.blocks.len() > count {
            self.release();
        }
    }

    pub(super) fn release(&mut self) {
        // Block by block: wiping the vector as a whole would also touch the part of it that was never used.
        self.blocks.iter_mut().for_each(Zeroize::zeroize);
        self.blocks = Vec::new();
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        self.release();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_kept_between_hashes_and_given_back_after_a_costly_one() {
        let mut memory = Memory::default();
        let first = memory.blocks(16).unwrap().as_ptr();
        assert_eq!(memory.blocks(8).unwrap().as_ptr(), first);
        memory.shrink_to(16);
        assert_eq!(memory.blocks.len(), 16);
        assert!(memory.blocks(40_000).unwrap().len() >= 40_000);
        memory.shrink_to(16);
        assert_eq!((memory.blocks.len(), memory.blocks.capacity()), (0, 0));
    }
}
