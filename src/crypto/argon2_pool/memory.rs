//! The working memory of one hashing thread.

use argon2::Block;
use zeroize::Zeroize;

use crate::ports::HashError;

/// From this size on, in blocks of 1 KiB, glibc maps an allocation of its own and unmaps it when it
/// is freed. Smaller ones may stay with the thread's arena forever. Reserved memory costs nothing
/// until it is used.
const MIN_MAPPED: usize = 33 * 1024;

/// Blocks in which one hash after the other is computed. They are wiped before they are freed.
#[derive(Default)]
pub(super) struct Memory {
    blocks: Vec<Block>,
}

impl Memory {
    /// Returns at least `count` blocks with any content. Argon2 fills each before it reads it.
    pub(super) fn blocks(&mut self, count: usize) -> Result<&mut [Block], HashError> {
        if self.blocks.capacity() < count {
            // Freed first, because growing could move the blocks and leave an unwiped copy behind.
            self.release();
            let is_glibc = cfg!(all(target_os = "linux", target_env = "gnu"));
            let reserved = if is_glibc { count.max(MIN_MAPPED) } else { count };
            self.blocks.try_reserve_exact(reserved).map_err(|_| HashError::Failed)?;
        }
        if self.blocks.len() < count {
            self.blocks.resize(count, Block::new());
        }
        Ok(&mut self.blocks)
    }

    /// Frees the memory if a more expensive hash made it grow beyond `count` blocks.
    pub(super) fn shrink_to(&mut self, count: usize) {
        if self.blocks.len() > count {
            self.release();
        }
    }

    /// Wipes and frees the memory.
    pub(super) fn release(&mut self) {
        // Block by block: wiping the vector as a whole would touch its unused capacity too.
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
    fn memory_is_reused_and_freed_after_an_expensive_hash() {
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
